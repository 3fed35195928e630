-- Drops an object, or only this revision of it; how many there were.
local name, revision = ARGV[2], ARGV[3]
local before = head_of(name)
if revision and not (before and before.revision == revision) then return 0 end
local removed = redis.call('DEL', key_of(name))
release(before)
redis.call('DEL', about_key(name))
note(name, nil)
return removed
