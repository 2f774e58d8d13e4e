#!lua flags=allow-oom
-- Ends the claims of an event that their owner still holds: the request `settle` of docs/stores.md.
-- Every value it writes is shorter than the one in its place, so it may run when memory is full: it makes room again.
--
-- KEYS: the count of live claims, the claims and, for a release, the buckets; all of one site, so in one slot.
-- ARGV: owner, number of claims, "commit", "accepted" or "refused", call id (or empty), keep_ms;
--       or owner, number of claims, "release", then interval_ms and burst of each bucket.
-- Reply: {"settled"} | {"lost"}
--
-- What keys and values mean is said in admit.lua.
local HELD = 28
local MINUTE, LATEST = 60000, 253402300799999
local GRACE = 1000

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local count = KEYS[1]
local owner, claims, commit = ARGV[1], tonumber(ARGV[2]), ARGV[3] == 'commit'
local values = #KEYS > 1 and redis.call('MGET', unpack(KEYS, 2)) or {}

local moved = {}
local function move(from, to)
  local minute = math.floor(from / MINUTE)
  moved[minute] = (moved[minute] or 0) - 1
  if to then
    minute = math.floor(to / MINUTE)
    moved[minute] = (moved[minute] or 0) + 1
  end
end

-- Only claims held by this owner change, whether or not their lease is over (but for those that are over themselves).
local done, forget_at
if commit then
  forget_at = math.min(now + tonumber(ARGV[6]), LATEST)
  done = struct.pack('>I6', forget_at) .. (ARGV[4] == 'accepted' and ARGV[5] or '')
end
local settled = 0
for i = 1, claims do
  local value = values[i]
  if value and #value == HELD and string.sub(value, 13) == owner then
    local forget = struct.unpack('>I6', value)
    if forget > now then
      settled = settled + 1
      move(forget, forget_at)
      if commit then
        redis.call('SET', KEYS[i + 1], done, 'PX', forget_at - now + GRACE)
      else
        redis.call('DEL', KEYS[i + 1])
      end
    end
  end
end
if settled == 0 then
  return { 'lost' }
end

-- The count follows, as in admit.lua.
local grown = 0
for minute, by in pairs(moved) do
  if by ~= 0 then
    local left = redis.call('HINCRBY', count, minute, by)
    if left <= 0 then
      redis.call('HDEL', count, minute)
      by = by - left
    end
    grown = grown + by
    if by > 0 then
      local rest = (minute + 1) * MINUTE - now + GRACE
      if redis.call('PEXPIRE', count, rest, 'GT') == 0 and redis.call('PTTL', count) < 0 then
        redis.call('PEXPIRE', count, rest)
      end
    end
  end
end
if grown ~= 0 then
  redis.call('HINCRBY', count, 'n', grown)
end

-- Where somebody took over a part of the claims, without spending a token, the token stays spent.
if settled == claims and not commit then
  for i = claims + 1, #KEYS - 1 do
    local full_at = tonumber(values[i] or 0)
    if full_at > now then
      full_at = full_at - ARGV[4 + 2 * (i - claims - 1)]
      if full_at <= now then
        redis.call('DEL', KEYS[i + 1])
      else
        redis.call('SET', KEYS[i + 1], full_at, 'PX', full_at - now + GRACE)
      end
    end
  end
end
return { 'settled' }
