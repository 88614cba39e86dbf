"""What Redis does with trees in one step; `in_memory_tree` does the same.

A tree is a hash beside its root's record: each job below the root with its status and its share,
and their sums, so that a report costs the same whatever the tree's size.
"""

from __future__ import annotations

from realtime.store.scripts import REMEMBER

_REMEMBER = f"local function remember(KEYS, ARGV)\n{REMEMBER}\nend\n"

_TREE = """
local most = math.huge
local ENDS = {succeeded = true, failed = true, cancelled = true, lost = true}

local function clock()
  local time = redis.call('TIME')
  return time[1] + time[2] / 1000000
end

local function add(tree, name, number)
  -- Not as Lua writes it: Redis does not read 1e+15.
  if number ~= 0 then redis.call('HINCRBY', tree, name, string.format('%.0f', number)) end
end

local function numbers(tree, ...)
  local kept, found = redis.call('HMGET', tree, ...), {}
  for i, name in ipairs({...}) do found[string.sub(name, 2)] = tonumber(kept[i] or 0) end
  return found
end

local function find(tree, id)
  local kept = redis.call('HGET', tree, id)
  if not kept then return nil, 0, 0 end
  local status, share, grams = string.match(kept, '(%a+) (%d+) (%d+)')
  return status, tonumber(share), tonumber(grams)
end

local function put(tree, id, status, share, grams)
  local was, had, weighed = find(tree, id)
  -- A further attempt begins anew, but what was told of the first is not taken back.
  share = math.max(share, had)
  if was == status and had == share and weighed == grams then return end
  -- What would be too many is not counted here: SQL counts all of them at the root's end.
  if not was and tonumber(redis.call('HGET', tree, '#total') or 0) >= most then return end
  if was then
    add(tree, '#' .. was, -1)
  else
    add(tree, '#total', 1)
    redis.call('HSET', tree, '#grew', string.format('%.6f', clock()))
  end
  add(tree, '#' .. status, 1)
  add(tree, '#open', (ENDS[status] and 0 or 1) - ((was and not ENDS[was]) and 1 or 0))
  add(tree, '#sum', share * grams - had * weighed)
  add(tree, '#whole', grams - weighed)
  redis.call('HSET', tree, id, string.format('%s %d %d', status, share, grams))
end

local function promise(tree, id, first, last)
  local promised = {}
  for i = first, last, 2 do
    promised[#promised + 1] = ARGV[i]
    if not find(tree, ARGV[i]) then put(tree, ARGV[i], 'promised', 0, tonumber(ARGV[i + 1])) end
  end
  redis.call('HSET', tree, '>' .. id, table.concat(promised, ' '))
end

local function drop(tree, id)
  local was, _, weighed = find(tree, id)
  if was ~= 'promised' then return end
  redis.call('HDEL', tree, id)
  add(tree, '#whole', -weighed)
  add(tree, '#total', -1)
  add(tree, '#open', -1)
  add(tree, '#promised', -1)
end
"""

BRANCH = (
    _REMEMBER
    + _TREE
    + """
local tree, id, status, share = KEYS[3], ARGV[1], ARGV[2], tonumber(ARGV[3])
most = tonumber(ARGV[6])
local last = 7 + ARGV[7]
local rest = {}
for i = last + 1, #ARGV do rest[#rest + 1] = ARGV[i] end
local answer = remember(KEYS, rest)
local was = find(tree, id)
answer[7], answer[8] = 0, ''
if redis.call('HEXISTS', tree, '#ended') == 1 then return answer end
if last > 7 and not ENDS[was] then
  promise(tree, id, 8, last)
end
if answer[1] == 1 and rest[4] ~= '' and not ENDS[was] then
  put(tree, id, status, share, tonumber(ARGV[4]))
  local promised = ENDS[status] and redis.call('HGET', tree, '>' .. id)
  if promised then
    redis.call('HDEL', tree, '>' .. id)
    if status ~= 'succeeded' then
      for one in string.gmatch(promised, '%S+') do drop(tree, one) end
    end
  end
end
redis.call('EXPIRE', tree, ARGV[5])
local now = numbers(tree, '#planted', '#held', '#open', '#promised', '#total')
if now.held == 1 or now.planted == 0 then
  local over = now.planted == 1 and now.open == now.promised and now.total < most
  answer[7] = over and 2 or 1
end
return answer
"""
)

ROOT = (
    _REMEMBER
    + _TREE
    + """
local tree, mode, own, best = KEYS[3], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local rest = {}
for i = 8, #ARGV do rest[#rest + 1] = ARGV[i] end
local grams = own and tonumber(ARGV[7]) or 0
if mode == 'plant' then
  redis.call('HSET', tree, '#planted', 1, '#grew', string.format('%.6f', clock()))
end
if mode ~= 'own' then redis.call('HSET', tree, '#held', 1) end
local replaced = mode == 'replaced'
if mode == 'sealed' or ((mode == 'held' or replaced) and own) then
  redis.call('HSET', tree, '#sealed', 1)
end
-- The task that goes on under a root's own id is no job below it.
if mode == 'own' or replaced then drop(tree, ARGV[6]) end
local had = numbers(tree, '#planted', '#total', '#sum', '#whole', '#best', '#grew', '#sealed',
  '#open', '#promised', '#queued', '#running', '#paused', '#waiting', '#cancelling', '#retrying',
  '#succeeded', '#failed', '#cancelled', '#lost')
local total, ended = had.total, had.succeeded + had.failed + had.cancelled + had.lost
local known = had.best > 0 or had.sealed == 1 or clock() - had.grew >= tonumber(ARGV[5])
local done
if known then done = had.sum + (own or 0) * grams elseif own then done = own * grams end
local fraction = 'null'
best = math.max(best, had.best)
if done or best > 0 then
  best = math.max(best, math.min(math.floor((done or 0) / math.max(had.whole + grams, 1)), 9999))
  if known or own then redis.call('HSET', tree, '#best', best) end
  fraction = string.format('%.4f', best / 10000)
end
local tail = string.format(',"fraction":%s,"children":{"total":%d,"queued":%d,"running":%d,' ..
  '"retrying":%d,"succeeded":%d,"failed":%d,"cancelled":%d,"lost":%d}}', fraction, total,
  had.queued, had.running + had.paused + had.waiting + had.cancelling, had.retrying,
  had.succeeded, had.failed, had.cancelled, had.lost)
if not own then
  tail = string.format(',"current":%d,"total":%d,"ok":%d,"failed":%d', ended, total,
    had.succeeded, had.failed + had.lost) .. tail
elseif replaced then
  tail = string.format(',"current":%d,"total":%d', ended, total) .. tail
end
rest[4] = string.sub(rest[4], 1, -2) .. tail
local answer = remember(KEYS, rest)
redis.call('EXPIRE', tree, ARGV[4])
answer[7] = mode == 'sealed' and (had.open == had.promised and 2 or 1) or 1 - had.planted
answer[8] = tail
return answer
"""
)

REGROW = (
    _TREE
    + """
local tree = KEYS[1]
most = tonumber(ARGV[6])
if redis.call('HEXISTS', tree, '#planted') == 0 then
  local now = clock()
  -- Its jobs may still be on their way to SQL, too.
  redis.call('HSET', tree, '#rests', string.format('%.6f', now + ARGV[5]),
    '#grew', string.format('%.6f', now))
end
local i = 7
while i < #ARGV do
  local id, status = ARGV[i], ARGV[i + 1]
  local was = find(tree, id)
  if not was or was == 'promised' or (ENDS[status] and not ENDS[was]) then
    put(tree, id, status, tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3]))
  end
  local last = i + 4 + ARGV[i + 4]
  if last > i + 4 and not ENDS[find(tree, id)] then promise(tree, id, i + 5, last) end
  i = last + 1
end
if ARGV[1] == '1' then redis.call('HSET', tree, '#planted', 1) end
if ARGV[2] == '1' then redis.call('HSET', tree, '#held', 1) end
if ARGV[3] == '1' then redis.call('HSET', tree, '#sealed', 1) end
redis.call('EXPIRE', tree, ARGV[4])
"""
)

GROWTH = (
    _TREE
    + """
local had = numbers(KEYS[1], '#planted', '#open', '#total', '#queued', '#promised', '#sealed',
  '#grew', '#rests', '#running', '#cancelling')
local now, jobs = clock(), had.total - had.promised
local settled = had.sealed == 1 or now - had.grew >= tonumber(ARGV[1])
return {had.planted, had.open - had.promised, jobs, jobs > had.queued and 1 or 0,
  settled and 1 or 0, now < had.rests and 1 or 0, had.running + had.cancelling > 0 and 1 or 0,
  redis.call('HGET', KEYS[2], 'wants') or ''}
"""
)

FELL = """
redis.call('UNLINK', KEYS[1])
redis.call('HSET', KEYS[1], '#ended', 1)
redis.call('EXPIRE', KEYS[1], ARGV[1])
"""
