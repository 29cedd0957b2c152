-- Draws the fencing token of a lease that was just asked for, or says who
-- holds it.
-- KEYS[1] the lock, KEYS[2] its record: "fence token owner"
-- ARGV[1] the token of the acquisition, ARGV[2] its owner, ARGV[3] the lifetime
-- of the lock in milliseconds
-- Returns the fence if ARGV[1] holds the lock, else {owner of the holder, its
-- milliseconds left}.
-- A new holder gets the larger of the last fence + 1 and the server's time in
-- microseconds, so that fences rise also after the record was lost; a holder
-- that asks again gets its fence again.
local values = redis.call("MGET", KEYS[1], KEYS[2])
if not values[1] then
	return {"", 0}
end
local fence, token, owner
if values[2] then
	fence, token, owner = string.match(values[2], "^(%d+) (%S+) (.*)$")
end
if values[1] ~= ARGV[1] then
	if token ~= values[1] then
		owner = ""
	end
	return {owner, redis.call("PTTL", KEYS[1])}
end
if token == ARGV[1] then
	return fence
end
-- What a double cannot count up is not ours.
local last = tonumber(fence or "0")
if last >= 9007199254740991 then
	last = 0
end
local now = redis.call("TIME")
fence = string.format("%.0f", math.max(last + 1, tonumber(now[1]) * 1000000 + tonumber(now[2])))
-- The record outlives the lock by 30 days, so that fences go on rising although
-- the clock is set back meanwhile.
redis.call("SET", KEYS[2], fence .. " " .. ARGV[1] .. " " .. ARGV[2], "PX", string.format("%.0f", tonumber(ARGV[3]) + 2592000000))
return fence
