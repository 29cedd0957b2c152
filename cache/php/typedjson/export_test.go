package typedjson

// MarshalUpTo is [Marshal] with another limit than [MaxSize].
func MarshalUpTo(maxSize int, v any) ([]byte, error) { return marshal(v, maxSize) }
