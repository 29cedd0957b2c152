-- Frees a lock.
-- KEYS[1] the lock
-- ARGV[1] the token of its holder
-- Returns 1, or 0 if the token does not hold the lock.
if redis.call("GET", KEYS[1]) ~= ARGV[1] then
	return 0
end
return redis.call("DEL", KEYS[1])
