-- Obtains a lock as redislock does, whose script stands before this one as the
-- function obtain, and draws its fencing token, or says who holds it.
-- KEYS[1] the lock, KEYS[2] its record: 16 digits of fence, 22
-- characters of token, owner
-- ARGV[1] the token of the acquisition, ARGV[2] its length, ARGV[3] the lifetime
-- of the lock in milliseconds, ARGV[4] the owner, ARGV[5] the lifetime of the
-- record, which is that of the lock where no fence is to be drawn
-- Returns the fence, 0 if there is none, or {owner of the holder, its
-- milliseconds left}.
-- A new holder gets the larger of the last fence + 1 and the server's time in
-- microseconds, so that fences rise also after the record was lost; a holder
-- that asks again gets its fence again.

-- A record of another type counts as none.
local record = redis.call("MGET", KEYS[2])[1] or ""
-- What redislock's script does for a lock that nobody holds, in one command.
local free = redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[3], "NX")
if not free then
	local token = string.sub(record, 17, 38)
	if not obtain({KEYS[1]}, {ARGV[1], ARGV[2], ARGV[3]}) then
		local known = token == redis.call("GET", KEYS[1])
		return {known and string.sub(record, 39) or "", redis.call("PTTL", KEYS[1])}
	end
	if token == ARGV[1] then
		redis.call("PEXPIRE", KEYS[2], ARGV[5])
		return string.sub(record, 1, 16)
	end
end
if ARGV[5] == ARGV[3] then
	redis.call("SET", KEYS[2], "0000000000000000" .. ARGV[1] .. ARGV[4], "PX", ARGV[5])
	return "0"
end
local last = string.sub(record, 1, 16)
local now = redis.call("TIME")
local fence = string.format("%010d%06d", now[1], now[2])
if last >= fence then
	-- What is no number that a double can count up is not ours.
	last = tonumber(last) or 0
	if last >= 0 and last < 9007199254740991 then
		fence = string.format("%016.0f", math.max(math.floor(last) + 1, tonumber(fence)))
	end
end
redis.call("SET", KEYS[2], fence .. ARGV[1] .. ARGV[4], "PX", ARGV[5])
return fence
