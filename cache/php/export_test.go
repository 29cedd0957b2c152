package php

// UnmarshalFast is the fast path of [Unmarshal].
var UnmarshalFast = unmarshalFast
