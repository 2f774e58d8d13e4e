#!lua
-- Takes all claims of an event and a token from each bucket, or changes nothing: the request `admit` of docs/stores.md.
-- The judgement is that of the core (`judge_claims`, `Claim::mended`, `FullAt`), millisecond for millisecond.
--
-- KEYS: the count of live claims, the claims, the buckets; all of one site, so in one slot.
-- ARGV: owner, lease_ms, keep_ms, claims_per_site_max, number of claims, then interval_ms and burst of each bucket.
-- Reply: {"admitted", takeover} | {"done", "accepted", call id} | {"done", "refused"} | {"held", retry_ms}
--        | {"limited", retry_ms, bucket} | {"full"}
--
-- A claim begins with the time at which it is forgotten, six bytes. Nothing more: done as refused. The call's id, 16
-- bytes: done as accepted. The lease's end, six bytes, and the owner, 16: held. So the length tells what it is.
-- A bucket is the time at which it is full again, in digits, which Redis keeps as a number inside of its object.
-- The count is a hash: in the field of a minute how many claims are forgotten in it, `n` their sum, `at` the minute in
-- which it was last added up, `last` a minute that the expiry of the hash outlives.
-- These times alone say what is over; the expiry of a key only clears away what nobody can see any more.
local HELD, ACCEPTED, REFUSED = 28, 22, 6
local MINUTE, LATEST = 60000, 253402300799999
-- So much longer Redis keeps a key: its own clock is read at another moment, and must not be the first to forget.
local GRACE = 1000

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local call = redis.call
local count = KEYS[1]
local owner, lease, keep = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local most, claims = tonumber(ARGV[4]), tonumber(ARGV[5])
local lease_end = math.min(now + lease, LATEST)
local forget_at = math.min(now + keep, LATEST)
local stay = string.format('%d', forget_at - now + GRACE)
local values = #KEYS > 1 and call('MGET', unpack(KEYS, 2)) or {}

-- Claims first, all of them: done wins over held, accepted over refused.
local accepted, refused, takeover = nil, false, false
local retry, new = 0, 0
for i = 1, claims do
  local value = values[i]
  local forget = value and struct.unpack('>I6', value) or 0
  if forget <= now then
    values[i] = false
    new = new + 1
  elseif #value == HELD then
    local held_until = struct.unpack('>I6', value, 7)
    if held_until > lease_end then
      -- The clock stepped back. That no lease is longer than a lease is kept whatever the answer is.
      held_until = lease_end
      local mended = struct.pack('>I6I6', forget, held_until) .. string.sub(value, 13)
      call('SET', KEYS[i + 1], mended, 'KEEPTTL')
    end
    if now < held_until then
      retry = math.max(retry, held_until - now)
    else
      takeover = true
    end
  elseif #value == ACCEPTED then
    accepted = accepted or string.sub(value, 7)
  elseif #value == REFUSED then
    refused = true
  else
    return redis.error_reply('CONSENTGATE a claim of a form that is not known')
  end
end
if retry > 0 and not accepted and not refused then
  return { 'held', retry }
end

-- The minute in which what is written now is forgotten. The count must outlive it.
local last = math.floor(forget_at / MINUTE)
local function outlive()
  local rest = (last + 1) * MINUTE - now + GRACE
  if call('PEXPIRE', count, rest, 'GT') == 0 and call('PTTL', count) < 0 then
    call('PEXPIRE', count, rest)
  end
end

-- A known claim will be forgotten in this minute, and no more in the one that its value says.
local function moved(value)
  local minute = math.floor(struct.unpack('>I6', value) / MINUTE)
  if minute == last then
    return
  end
  local left = call('HINCRBY', count, minute, -1)
  if left <= 0 then
    call('HDEL', count, minute)
  end
  if left < 0 then
    -- A clock that stepped back shows claims again that the count had dropped.
    call('HINCRBY', count, 'n', 1)
  end
  call('HINCRBY', count, last, 1)
  outlive()
end

if accepted or refused then
  -- A re-sent event must not outlive the memory of its first delivery.
  for i = 1, claims do
    local value = values[i]
    if value and #value ~= HELD and struct.unpack('>I6', value) < forget_at then
      call('SET', KEYS[i + 1], struct.pack('>I6', forget_at) .. string.sub(value, 7), 'PX', stay)
      moved(value)
    end
  end
  if accepted then
    return { 'done', 'accepted', accepted }
  end
  return { 'done', 'refused' }
end

-- The site's live claims. In the first call of a minute those of the minutes before are dropped, and the rest is added
-- up anew, so that no error outlives a minute.
local minute = math.floor(now / MINUTE)
local covered = -1
if new > 0 then
  local known = call('HMGET', count, 'n', 'at', 'last')
  local live = tonumber(known[1] or 0)
  if known[2] and tonumber(known[2]) == minute then
    covered = tonumber(known[3] or -1)
  elseif known[1] then
    live = 0
    local fields = call('HGETALL', count)
    for i = 1, #fields, 2 do
      local field = tonumber(fields[i])
      if field and field < minute then
        call('HDEL', count, fields[i])
      elseif field then
        live = live + fields[i + 1]
      end
    end
    call('HSET', count, 'n', live, 'at', minute, 'last', -1)
  end
  if live + new > most then
    return { 'full' }
  end
end

-- Then the buckets, all or none. A takeover spends no token.
if not takeover then
  local longest, empty = 0, nil
  for i = claims + 1, #KEYS - 1 do
    local place = i - claims - 1
    local interval, burst = tonumber(ARGV[6 + 2 * place]), tonumber(ARGV[7 + 2 * place])
    local full = math.min(now + interval * burst, LATEST)
    local full_at = tonumber(values[i] or 0)
    local mended = math.min(full_at, full)
    values[i] = math.min(math.max(mended, now) + interval, LATEST)
    if values[i] > full then
      if mended < full_at then
        -- The clock stepped back. That no bucket is emptier than empty is kept, or nobody could ever get in again.
        call('SET', KEYS[i + 1], mended, 'PX', mended - now + GRACE)
      end
      if not empty or values[i] - full > longest then
        longest, empty = values[i] - full, place
      end
    end
  end
  if empty then
    return { 'limited', longest, empty }
  end
  for i = claims + 1, #KEYS - 1 do
    call('SET', KEYS[i + 1], string.format('%d', values[i]), 'PX', string.format('%d', values[i] - now + GRACE))
  end
end

local held = struct.pack('>I6I6', forget_at, lease_end) .. owner
for i = 1, claims do
  call('SET', KEYS[i + 1], held, 'PX', stay)
  if values[i] then
    moved(values[i])
  end
end
if new > 0 then
  call('HINCRBY', count, last, new)
  call('HINCRBY', count, 'n', new)
  if last > covered then
    outlive()
    call('HSET', count, 'at', minute, 'last', last)
  end
end
return { 'admitted', takeover and 1 or 0 }
