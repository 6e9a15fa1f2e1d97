-- ARGV: member, where it stands, the least lifetime of the set in ms (0: none, for ever).
local left = redis.call('PTTL', KEYS[1]) -- -2: nothing there, -1: no end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
if ARGV[3] == '0' then
  redis.call('PERSIST', KEYS[1])
elseif left == -2 or (left >= 0 and left < tonumber(ARGV[3])) then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return 1
