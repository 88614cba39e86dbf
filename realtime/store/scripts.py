"""What Redis does in one step, in its own language; `in_memory` does the same under a lock."""

from __future__ import annotations

REMEMBER = """
local had = redis.call('HMGET', KEYS[1], 'seq', 'log', 'ended', 'order', 'run', 'wants', 'heard',
  'base', 'bytes')
local seq, log = tonumber(had[1] or 0), tonumber(had[2] or 0)
local order, run, floor = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local body, ends, seconds, cap = ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local claim, silent_for, told, first = ARGV[8], ARGV[9], tonumber(ARGV[11]), 17
local most, heard_wants, question = tonumber(ARGV[12]), ARGV[13], ARGV[14]
local at, after = tonumber(ARGV[15]), tonumber(ARGV[16])
local bytes = tonumber(had[9] or 0)
local wants, holder = had[6] or '', had[5] or ''
local known = tonumber(had[4] or -1)
if had[3] then
  -- The same end told twice, because the first answer was lost, is no other end.
  local again = ends == '1' and run ~= '' and run == holder
  return {again and 1 or 0, seq, log, wants, 1, ''}
end
if order < known or (order == 0 and known == 0 and claim == '') then
  return {0, seq, log, wants, 0, ''}
end
if at and at ~= seq then return {0, seq, log, wants, 0, ''} end
if order == known and claim == '' and string.sub(holder, 1, #run) ~= run and holder ~= ''
  -- Who knows a higher seq ran it last: the store had lost everything, and an older run spoke.
  and floor <= seq then
  return {0, seq, log, wants, 0, ''}
end
local time = redis.call('TIME')
local now = time[1] .. '.' .. string.format('%06d', time[2])
if silent_for ~= '' and had[7] and tonumber(now) - tonumber(had[7]) < tonumber(silent_for) then
  return {0, seq, log, wants, 0, ''}
end
local new = {'heard', now}
local function keep(...)
  for _, one in ipairs({...}) do new[#new + 1] = one end
end
if wants == '' and heard_wants ~= '' then
  wants = heard_wants
  keep('wants', wants)
end
if told > 0 or #ARGV >= first then
  -- Each line has a place: those told twice are in it already, those before them may be lost.
  local base = tonumber(ARGV[10]) or (run ~= '' and holder == run and tonumber(had[8]))
    or (had[2] and log) or after
  if base + told > log then
    redis.call('DEL', KEYS[2])
    log = base + told
  end
  first = first + log - base - told
  keep('base', base)
end
if #ARGV >= first then
  local kept = redis.call('LLEN', KEYS[2])
  if kept == 0 then bytes = 0 end
  for i = first, #ARGV do
    kept, bytes = redis.call('RPUSH', KEYS[2], ARGV[i]), bytes + #ARGV[i]
  end
  -- What goes is counted by the reader: the newest line's number less the lines that are left.
  while kept > cap or (bytes > most and kept > 0) do
    kept, bytes = kept - 1, bytes - #redis.call('LPOP', KEYS[2])
  end
  keep('bytes', bytes)
  log = log + #ARGV - first + 1
end
if body ~= '' then
  seq = math.max(seq, floor) + 1
  local whole = string.format('{"seq":%.0f,"log":%.0f,', seq, log) .. string.sub(body, 2)
  keep('seq', string.format('%.0f', seq), 'order', order, 'state', whole)
  -- Else nobody knows how long the log was, and who next tells a line must not take it for empty.
  if had[2] or log > 0 or after == 0 then keep('log', log) end
  if run ~= '' then keep('run', run) end
  if ends == '1' then keep('ended', '1') end
elseif claim ~= '' then
  -- A run that must read where the last one was, which may say nothing more meanwhile.
  keep('run', run)
elseif #ARGV >= first then
  keep('log', log)
end
redis.call('HSET', KEYS[1], unpack(new))
if body == '' and claim ~= '' then redis.call('HDEL', KEYS[1], 'base') end
redis.call('EXPIRE', KEYS[1], seconds)
if log > 0 then redis.call('EXPIRE', KEYS[2], seconds) end
if question == '' then return {1, seq, log, wants, 0, ''} end
return {1, seq, log, wants, 0, redis.call('HGET', KEYS[1], 'answer:' .. question) or ''}
"""

WANT = """
if redis.call('HGET', KEYS[1], 'wants') ~= 'cancel' then
  redis.call('HSET', KEYS[1], 'wants', ARGV[1])
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
"""

WISHED = """
local at = redis.call('GET', KEYS[1])
if not at or ARGV[1] == 'now' then
  local time = redis.call('TIME')
  at = time[1] .. '.' .. string.format('%06d', time[2])
  redis.call('SET', KEYS[1], at, 'EX', ARGV[2])
end
return at
"""

ANSWER = """
local name = 'answer:' .. ARGV[1]
local state = redis.call('HGET', KEYS[1], 'state')
local question = state and cjson.decode(state).question
local asked = type(question) == 'table' and question.id == ARGV[1]
local kept = redis.call('HGET', KEYS[1], name)
if kept or not asked then return {0, asked and kept or ''} end
redis.call('HSET', KEYS[1], name, ARGV[2])
return {1, ARGV[2]}
"""

LOG = """
local newest = tonumber(redis.call('HGET', KEYS[1], 'log') or 0)
local kept = redis.call('LLEN', KEYS[2])
local first = newest - kept
local from = math.max(tonumber(ARGV[1]), first)
return {from, redis.call('LRANGE', KEYS[2], from - first, from - first + ARGV[2] - 1)}
"""

RENEW = """
local had = redis.call('HMGET', KEYS[1], 'heard', 'ended')
if had[1] and not had[2] then
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'heard', time[1] .. '.' .. string.format('%06d', time[2]))
end
"""

LEAD = """
local holder = redis.call('GET', KEYS[1]) or ARGV[1]
if holder == ARGV[1] then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
local time = redis.call('TIME')
return {holder == ARGV[1] and 1 or 0, time[1], time[2]}
"""

LIVING = """
local time = redis.call('TIME')
local now = tonumber(time[1])
if ARGV[1] then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. now)) do
  redis.call('ZREM', KEYS[2], gone)
  redis.call('HDEL', KEYS[1], gone)
end
return redis.call('HVALS', KEYS[1])
"""

ATTEND = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.3f', now))
redis.call('ZADD', KEYS[1], string.format('%.3f', now + ARGV[2]), ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
redis.call('PEXPIRE', KEYS[1], math.max(1, math.ceil((last - now) * 1000)))
"""

INTRODUCE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], string.format('%.3f', now), ARGV[1])
local late = '(' .. string.format('%.3f', now - ARGV[3])
for _, some in ipairs({
  redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', late), redis.call('ZRANGE', KEYS[2], 0, -1 - ARGV[4])
}) do
  for _, gone in ipairs(some) do
    redis.call('ZREM', KEYS[2], gone)
    redis.call('HDEL', KEYS[1], gone)
  end
end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[3]) end
"""

INTRODUCED = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local heard = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
local found = {}
for i = 1, #heard, 2 do
  local about, age = redis.call('HGET', KEYS[1], heard[i]), math.max(0, now - heard[i + 1])
  if about and age <= tonumber(ARGV[1]) then
    found[#found + 1] = {heard[i], about, string.format('%.3f', age)}
  end
end
return found
"""

RESIGN = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""
