package sqlcleaner_test

func child(string) {}
