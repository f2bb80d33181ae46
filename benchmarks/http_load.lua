-- Operations for wrk: each with an id of its own; the mix of accounts and addresses comes from the arguments:
--   case seed key accounts
local case, seed, key, accounts, counter, thread_number

function setup(thread)
  thread:set("number", 1)
end

function init(args)
  case, seed, key, accounts = args[1], tonumber(args[2]), args[3], tonumber(args[4])
  math.randomseed(seed)
  counter = 0
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. key
end

function request()
  counter = counter + 1
  local account = math.random(0, accounts - 1)
  if case == "hot" and math.random() < 0.07 then account = 1 end
  local ip
  if case == "nat" and math.random() < 0.5 then
    ip = "10.200.0.1"
  else
    local address = math.random(0, 299999)
    ip = string.format("10.%d.%d.%d", math.floor(address / 65536), math.floor(address / 256) % 256, address % 256)
  end
  local kind, more = "login", ""
  if math.random() < 0.7 then
    kind = "payment"
    more = string.format(',"amount":{"minor":%d,"currency":"CNY"},"counterparty":{"id":"c-%d"}',
      math.random(100, 50000), math.random(0, 199999))
  end
  return wrk.format(nil, "/v1/operations", nil, string.format(
    '{"id":"w-%d-%d","kind":"%s","account":"a-%d","person":"p-%d","occurred_at":"%s","channel":"app","device":{"id":"d-%d"},"ip":"%s"%s}',
    seed, counter, kind, account, account, os.date("!%Y-%m-%dT%H:%M:%SZ"), account, ip, more))
end

function done(summary, latency, requests)
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"p999":%.3f,"max":%.3f,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    latency:percentile(99.9) / 1000, latency.max / 1000, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
