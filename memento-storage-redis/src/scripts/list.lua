-- A page of a folder: where it ended, or nothing where it is the last one; then `o`, name, length, time of each object,
-- and `f`, name of each folder.
local inside, from, is_recursive = ARGV[2], ARGV[3], ARGV[4] == '1'
local limit, may_write = tonumber(ARGV[5]), ARGV[6] == '1'
if may_write then purge() end

local function behind(last)
    -- Behind all of a folder, whose name ends with `/` here: `0` is the character that comes next.
    if string.sub(last, -1) == '/' then return '[' .. string.sub(last, 1, -2) .. '0' end
    return '(' .. last
end

local minimum = inside == '' and '-' or '[' .. inside
if from ~= '' then minimum = behind(from) end
local maximum = inside == '' and '+' or '(' .. string.sub(inside, 1, -2) .. '0'
local page, count, last = { '' }, 0, ''

-- Takes something onto the page; whether there was room.
local function take(entry, ending)
    if count == limit then
        page[1] = last
        return false
    end
    for _, part in ipairs(entry) do table.insert(page, part) end
    count, last = count + 1, ending
    return true
end

while true do
    local names = redis.call('ZRANGEBYLEX', base .. 'names', minimum, maximum, 'LIMIT', 0, 200)
    if #names == 0 then return page end
    for _, name in ipairs(names) do
        local slash = not is_recursive and string.find(name, '/', #inside + 1, true)
        if slash then
            local folder = string.sub(name, 1, slash)
            if not take({ 'f', string.sub(folder, 1, -2) }, folder) then return page end
            minimum = behind(folder)
            break
        end
        local found = head_of(name)
        if found then
            local entry = { 'o', name, string.format('%.0f', found.size), found.modified }
            if not take(entry, name) then return page end
        elseif may_write and redis.call('EXISTS', key_of(name)) == 0 then
            note(name, nil)
        end
        minimum = behind(name)
    end
end
