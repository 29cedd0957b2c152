-- Draws the fencing token of a lease that was just asked for, or says who
-- holds it.
-- KEYS[1] the lock, KEYS[2] its record: a hash of fence, token and owner
-- ARGV[1] the token of the acquisition, ARGV[2] its owner, ARGV[3] the
-- milliseconds for which the record is kept
-- Returns the fence if ARGV[1] holds the lock, else {owner of the holder, its
-- milliseconds left}.
-- A new holder gets the larger of the last fence + 1 and the server's time in
-- microseconds, so that fences rise also after the record was lost; a holder
-- that asks again gets its fence again.
local holder = redis.call("GET", KEYS[1])
if not holder then
	return {"", 0}
end
local last = redis.call("HMGET", KEYS[2], "fence", "token", "owner")
if holder ~= ARGV[1] then
	local owner = ""
	if last[2] == holder then
		owner = last[3]
	end
	return {owner, redis.call("PTTL", KEYS[1])}
end
if last[2] == ARGV[1] then
	return last[1]
end
-- What is no whole number that a double can count up is not ours.
local counter = tonumber(last[1] or "0") or 0
if not (counter >= 0 and counter < 9007199254740991) then
	counter = 0
end
local now = redis.call("TIME")
local fence = math.max(math.floor(counter) + 1, tonumber(now[1]) * 1000000 + tonumber(now[2]))
local text = string.format("%.0f", fence)
redis.call("HSET", KEYS[2], "fence", text, "token", ARGV[1], "owner", ARGV[2])
redis.call("PEXPIRE", KEYS[2], ARGV[3])
return text
