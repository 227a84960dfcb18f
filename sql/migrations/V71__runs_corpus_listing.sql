-- Which files a run has read, by name, size and time, hashed: a run that is gone on with tonight reads what has come
-- since, and reads nothing again if nothing has.
alter table runs add column corpus_listing text;
