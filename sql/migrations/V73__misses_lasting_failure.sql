-- Why a text failed for good, so that it is not bought again every night, up the whole ladder: an answer that no tier
-- gives as the schema wants it, one that is always cut, a request that may have been billed and was never answered.
-- A changed task has other keys; a person may say that it is asked again ('nightjar items retry').
alter table misses
    add column lasting_failure_code text,
    add column lasting_failure_reason text,
    add constraint misses_lasting_failure_is_whole check ((lasting_failure_code is null) = (lasting_failure_reason is null));
