-- How many objects there are, how long they are together, and whether there may be expired ones among them.
local left = 0
if ARGV[2] == '1' then left = purge() end
return { redis.call('HLEN', base .. 'sizes'), tonumber(redis.call('GET', base .. 'bytes') or 0), left }
