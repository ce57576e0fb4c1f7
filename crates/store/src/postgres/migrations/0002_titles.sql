-- The title of a conversation, where somebody gave it one.
ALTER TABLE conversations ADD COLUMN title TEXT;
