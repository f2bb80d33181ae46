-- name: number_of_sender
-- The number of the open case that a sender wrote to last in a channel, if that was since $3.
SELECT c.number FROM inbound AS i JOIN case_file AS c ON c.id = i.case_id
WHERE i.sender = $2 AND i.channel = $1 AND i.received_at >= $3
    AND c.stage <> 'closed' AND c.merged_into IS NULL
ORDER BY i.received_at DESC, i.id DESC LIMIT 1;

-- name: open_chat
-- A new chat; one that is there already stays as it is.
INSERT INTO chat (id, account, session, public, opened_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING;

-- name: lock_chat
-- A chat, locked.
SELECT * FROM chat WHERE id = $1 FOR UPDATE;

-- name: last_line
-- The number of a chat's last line; asked once the chat is locked, for what was seen while waiting is old.
SELECT coalesce(max(seq), 0) FROM chat_line WHERE chat = $1;

-- name: add_line
-- The next line of a chat; nothing where it has the message already.
INSERT INTO chat_line (chat, seq, message, client_id) VALUES ($1, $2, $3, $4)
ON CONFLICT (chat, message) DO NOTHING;

-- name: chats_of_case
-- The chats opened since $2 in which something of a case was said; a chat's id begins the key of what came in.
SELECT DISTINCT c.id AS chat FROM inbound AS i JOIN chat AS c ON c.id = split_part(i.key, ' ', 1)
WHERE i.case_id = $1 AND i.channel = 'chat' AND c.opened_at >= $2 ORDER BY c.id;

-- name: lines_behind
-- The lines of a chat behind a number, up to $3.
SELECT l.seq, l.client_id, m.* FROM chat_line AS l JOIN message AS m ON m.id = l.message
WHERE l.chat = $1 AND l.seq > $2 ORDER BY l.seq LIMIT $3;

-- name: line_of
-- The line that the holder of a chat named so.
SELECT l.seq, l.client_id, m.* FROM chat_line AS l JOIN message AS m ON m.id = l.message
WHERE l.chat = $1 AND l.client_id = $2;

-- name: register_digests
-- The digests of an account's last four digits, instead of those before.
INSERT INTO last_four (account, digests) VALUES ($1, $2)
ON CONFLICT (account) DO UPDATE SET digests = excluded.digests;

-- name: registered_digests
-- The digests of these accounts.
SELECT account, digests FROM last_four WHERE account = ANY($1::text[]) ORDER BY account;

-- name: lock_checks
-- How checks went for these keys, locked; a key without any gets its row.
INSERT INTO phone_check (key) SELECT unnest($1::bytea[])
ON CONFLICT (key) DO UPDATE SET wrong = phone_check.wrong
RETURNING *;

-- name: put_check
-- How checks went for a key.
UPDATE phone_check SET wrong = $2, since = $3, locked_until = $4 WHERE key = $1;
