"""What Redis does for us, in its own scripts: each one is a single step that nobody gets in between.

Four keys hold a state. `leaves`, a hash, has its rows. `paths`, a sorted set whose members
all weigh the same, has their keys in order, so that the rows below a path are found
without looking at the others. `changes`, a stream, has an entry for each write:

- `number`: 1 for the first write of all, then one more for each.
- `writer` and `write`: who made it, and which of its writes it was.
- `rows`: what it did, in JSON; or `whole`, where it replaced everything.
- `total`: how many rows were written up to it, in all writes; by this the stream is trimmed.
- `count`: how many rows there are after it. What was evicted or removed by hand shows here.

`schema` is the version of all this. A script looks at everything before it changes anything,
because Redis does not take back what a failing script has done. Strings are never compared
by `<`, whose meaning in Lua depends on the server's locale.
"""

from __future__ import annotations

SCHEMA_VERSION = 1
KEYS = ("schema", "leaves", "paths", "changes")

# The cursor of a process that has seen a storage with nothing in it.
BEGINNING = "0-0"

_PRELUDE = """
local schema, leaves, paths, changes = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local known_schema = ARGV[1]

local function entry(found)
  local fields = {id = found[1]}
  for i = 1, #found[2], 2 do fields[found[2][i]] = found[2][i + 1] end
  return fields
end

-- What is wrong with the keys, or nil; and the newest entry of the stream, or nil if nothing is kept yet.
local function look()
  local found = 0
  for i, wanted in ipairs({'string', 'hash', 'zset', 'stream'}) do
    local kind = redis.call('TYPE', KEYS[i]).ok
    if kind ~= 'none' then
      found = found + 1
      if kind ~= wanted then return {'foreign', KEYS[i], kind, wanted} end
    end
  end
  if found == 0 then return nil, nil end
  local version = tonumber(redis.call('GET', schema))
  if version and version > tonumber(known_schema) then return {'newer', tostring(version)} end
  local newest = redis.call('XREVRANGE', changes, '+', '-', 'COUNT', 1)[1]
  newest = newest and entry(newest) or {}
  local rows, keys = redis.call('HLEN', leaves), redis.call('ZCARD', paths)
  local count, total, number = tonumber(newest.count), tonumber(newest.total), tonumber(newest.number)
  if not version or not total or not number or count ~= rows or count ~= keys then
    return {'torn', tostring(rows), tostring(keys), newest.count or 'an unknown number of'}
  end
  return nil, newest
end

-- The entries after the one that was read last; nil if the stream does not reach back to it.
local function since(cursor)
  local entries = redis.call('XRANGE', changes, cursor, '+')
  for i, found in ipairs(entries) do entries[i] = entry(found) end
  if not entries[1] then return nil end
  if cursor == '0-0' then return entries[1].number == '1' and entries or nil end
  if entries[1].id ~= cursor then return nil end
  table.remove(entries, 1)
  return entries
end

local function in_groups(command, key, values)
  -- Lua's stack takes some 8,000 values; an even number keeps pairs together.
  for first = 1, #values, 4000 do
    redis.call(command, key, unpack(values, first, math.min(first + 3999, #values)))
  end
end

-- Removals come first: when memory is short, Redis refuses the first command that needs more,
-- and none after one that went through.
local function remove(keys)
  in_groups('HDEL', leaves, keys)
  in_groups('ZREM', paths, keys)
end

local function put(rows)
  local pairs_of, weighed = {}, {}
  for _, row in ipairs(rows) do
    if row[2] ~= cjson.null then
      pairs_of[#pairs_of + 1] = row[1]
      pairs_of[#pairs_of + 1] = row[2]
      weighed[#weighed + 1] = 0
      weighed[#weighed + 1] = row[1]
    end
  end
  in_groups('HSET', leaves, pairs_of)
  in_groups('ZADD', paths, weighed)
end

-- Add an entry for a write of `rows` rows, forget those that are too old, and return its id.
local function note(newest, writer, write, rows, kept, name, text)
  newest = newest or {number = '0', total = '0'}
  if not newest.id then redis.call('SET', schema, known_schema) end
  local total = tonumber(newest.total) + rows
  local id = redis.call('XADD', changes, '*',
    'number', string.format('%.0f', tonumber(newest.number) + 1), 'writer', writer, 'write', write,
    'total', string.format('%.0f', total), 'count', redis.call('HLEN', leaves), name, text)
  while true do
    -- Whoever has read the oldest needs the one after it, however many rows that has.
    local oldest = redis.call('XRANGE', changes, '-', '+', 'COUNT', 2)
    if not oldest[2] or total - tonumber(entry(oldest[2]).total) < tonumber(kept) then return id end
    redis.call('XDEL', changes, oldest[1][1])
  end
end
"""

LOAD = (
    _PRELUDE
    + """
local with_rows = ARGV[2]
local problem, newest = look()
if problem then return problem end
if not newest then return {'at', '0-0', '[]'} end
if with_rows == '0' then return {'at', newest.id, '[]'} end
return {'at', newest.id, cjson.encode(redis.call('HGETALL', leaves))}
"""
)

CHANGES = (
    _PRELUDE
    + """
local writer, cursor = ARGV[2], ARGV[3]
local problem, newest = look()
if problem then return problem end
if not newest then return {cursor == '0-0' and 'at' or 'gone', cursor} end
local entries = since(cursor)
if not entries then return {'behind'} end
local reply = {'at', newest.id}
for _, other in ipairs(entries) do
  if other.writer ~= writer then
    if not other.rows then return {'behind'} end
    reply[#reply + 1] = other.rows
  end
end
return reply
"""
)

# As `leaves.overlap`, which is the definition: a test holds both against each other.
WRITE = (
    _PRELUDE
    + """
local writer, cursor, write, kept, text = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local problem, newest = look()
if problem then return problem end
if not newest and cursor ~= '0-0' then return {'gone'} end
local entries = newest and since(cursor)
if newest and not entries then return {'behind'} end

local others = {}
for _, other in ipairs(entries or {}) do
  if other.writer ~= writer then
    others[#others + 1] = other
  elseif other.write == write then
    return {'at', #others == 0 and other.id or cursor}
  end
end

local rows = cjson.decode(text)
local function lies_below(key, tops)
  local comma = string.find(key, ',', 1, true)
  while comma do
    if tops[string.sub(key, 1, comma - 1) .. ']'] then return true end
    comma = string.find(key, ',', comma + 1, true)
  end
  return false
end
if #others > 0 then
  local ours, cleared, theirs, walls = {}, {}, {}, {}
  for _, row in ipairs(rows) do
    ours[row[1]] = true
    if row[3] then cleared[row[1]] = true end
  end
  for _, other in ipairs(others) do
    if not other.rows then return {'behind'} end
    for _, row in ipairs(cjson.decode(other.rows)) do
      if ours[row[1]] or lies_below(row[1], cleared) then return {'overtaken', row[1]} end
      theirs[row[1]] = true
      if row[3] or row[2] ~= '{}' then walls[row[1]] = true end
    end
  end
  for key in pairs(ours) do
    if lies_below(key, walls) then return {'overtaken', key} end
  end
end

for _, row in ipairs(rows) do
  if row[3] then
    local prefix = string.sub(row[1], 1, -2)
    remove(redis.call('ZRANGEBYLEX', paths, '[' .. prefix .. ',', '(' .. prefix .. '-'))
  end
end
local removed = {}
for _, row in ipairs(rows) do
  if row[2] == cjson.null then removed[#removed + 1] = row[1] end
end
remove(removed)
put(rows)
local id = note(newest, writer, write, #rows, kept, 'rows', text)
return {'at', #others == 0 and id or cursor}
"""
)

SAVE = (
    _PRELUDE
    + """
local writer, write, kept, text = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local problem, newest = look()
if problem then return problem end
if newest and newest.writer == writer and newest.write == write then return {'at', newest.id} end
local rows = cjson.decode(text)
redis.call('UNLINK', leaves, paths)
put(rows)
return {'at', note(newest, writer, write, #rows, kept, 'whole', '1')}
"""
)
