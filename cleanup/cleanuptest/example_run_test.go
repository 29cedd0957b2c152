package cleanuptest_test

import "testing"

func TestExample_ThePartitionOfANodeEndsItsRunAndAnotherCleans(t *testing.T) { testPartition(t) }
