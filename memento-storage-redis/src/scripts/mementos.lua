-- What the scripts on mementos share. ARGV[1] is what all keys begin with.
--
-- A memento is a string: a head of fixed length, the path of its function, and its record. Indices have the keys of those
-- that succeeded and failed, and of hidden ones of both, of each function and of all, by the order in which they were put.
local base = ARGV[1]
local HEAD = 60
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

-- What an entry is, or nil where there is none, or none of ours.
local function read(key)
    local found = redis.pcall('GETRANGE', key_of(key), 0, HEAD - 1)
    if type(found) ~= 'string' or #found ~= HEAD or string.sub(found, 1, 2) ~= 'm1' then
        return nil
    end
    local length = tonumber(string.sub(found, 21, 28), 10)
    if not length then return nil end
    return {
        class = class_of(string.sub(found, 3, 3), string.sub(found, 4, 4)),
        is_hidden = string.sub(found, 4, 4) == '1',
        of = redis.call('GETRANGE', key_of(key), HEAD, HEAD + length - 1),
    }
end

-- The record in a value, as those see it who read it: the whole of what is none of ours.
local function record_of(value)
    local length = string.sub(value, 1, 2) == 'm1' and tonumber(string.sub(value, 21, 28), 10)
    if not length or HEAD + length > #value then return value end
    return string.sub(value, HEAD + length + 1)
end

-- Drops an entry; what it was.
local function drop(key)
    local found = read(key)
    if found then
        redis.call('ZREM', index(found.class), key)
        redis.call('ZREM', index(found.class, found.of), key)
    else
        for class = 1, 2 do
            redis.call('ZREM', index(SHOWN[class]), key)
            redis.call('ZREM', index(HIDDEN[class]), key)
        end
    end
    return redis.call('DEL', key_of(key)) == 1 and (found or {}) or nil
end

