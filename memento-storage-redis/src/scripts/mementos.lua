-- What the scripts on mementos share. ARGV[1] is what all keys begin with.
--
-- A memento is a string: a head of fixed length, the path of its function, and its record. Indices have the keys of those
-- that succeeded and failed, and of hidden ones of both, of each function and of all, by the order in which they were put.
local base = ARGV[1]
local HEAD = 76
local SHOWN, HIDDEN = { 'succeeded', 'failed' }, { 'hidden-succeeded', 'hidden-failed' }

local function key_of(key) return base .. 'memento:' .. key end

local function index(class, of)
    local all = base .. 'mementos:' .. class
    return of and all .. ':' .. of or all
end

-- The classes that a filter admits.
local function admitted(classes, failed)
    if failed == '' then return classes end
    return { classes[failed == '1' and 2 or 1] }
end

local function class_of(failed, hidden)
    return (hidden == '1' and HIDDEN or SHOWN)[failed == '1' and 2 or 1]
end

-- What a head tells, or nil where it is none of ours.
local function head_of(value)
    local length = string.sub(value, 1, 2) == 'm1' and tonumber(string.sub(value, 37, 44), 10)
    if not length or #value < HEAD then return nil end
    return {
        class = class_of(string.sub(value, 3, 3), string.sub(value, 4, 4)),
        is_hidden = string.sub(value, 4, 4) == '1',
        claim = string.sub(value, 21, 36),
        record = HEAD + length,
    }
end

-- What an entry is, or nil where there is none, or none of ours.
local function read(key)
    local value = redis.pcall('GETRANGE', key_of(key), 0, HEAD - 1)
    local found = type(value) == 'string' and head_of(value)
    if not found then return nil end
    found.of = redis.call('GETRANGE', key_of(key), HEAD, found.record - 1)
    return found
end

local function milliseconds()
    local now = redis.call('TIME')
    return now[1] * 1000 + math.floor(now[2] / 1000)
end

-- What stands for an entry that expires, in the index of those.
local function expiring(key, class, of) return key .. ' ' .. class .. ' ' .. of end

local function forget(key, class, of)
    redis.call('ZREM', index(class), key)
    redis.call('ZREM', index(class, of), key)
    redis.call('ZREM', base .. 'expiring-mementos', expiring(key, class, of))
end

-- Takes up to so many entries that have expired out of the indices.
local function purge(most)
    local limits = { '-inf', milliseconds(), 'LIMIT', 0, most }
    local members = redis.call('ZRANGEBYSCORE', base .. 'expiring-mementos', unpack(limits))
    for _, member in ipairs(members) do
        local key, class, of = string.match(member, '^(%S+) (%S+) (.*)$')
        if not key then
            redis.call('ZREM', base .. 'expiring-mementos', member)
        elseif redis.call('EXISTS', key_of(key)) == 0 then
            forget(key, class, of)
        else
            -- The clock that has it expire is a little behind.
            redis.call('ZADD', base .. 'expiring-mementos', milliseconds() + 1000, member)
        end
    end
end

-- Drops an entry; what it was.
local function drop(key)
    local found = read(key)
    if found then
        forget(key, found.class, found.of)
    else
        for class = 1, 2 do
            redis.call('ZREM', index(SHOWN[class]), key)
            redis.call('ZREM', index(HIDDEN[class]), key)
        end
    end
    return redis.call('DEL', key_of(key)) == 1 and (found or {}) or nil
end

