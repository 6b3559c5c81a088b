-- Which key sealed last.

-- Whoever does not hold it has an old ring of keys, or that of another database, and must not write beside those who do.
CREATE TABLE sealing_key (
    one    INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    key_id TEXT    NOT NULL
) STRICT;

-- Of those that were used before anybody remembered, the one that most is sealed with.
INSERT INTO sealing_key (one, key_id)
SELECT 1, key_id FROM contacts GROUP BY key_id ORDER BY COUNT(*) DESC, key_id DESC LIMIT 1;
