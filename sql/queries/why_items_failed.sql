-- Which codes did items and input fail with, how often, and what is one example of each?
select
    run_id,
    failure_code as code,
    count(*) as occurrences,
    min(failure_reason) as example
from items
where state = 'failed'
group by run_id, failure_code
union all
select
    run_id,
    code,
    count(*),
    min(source_uri || ':' || source_position || ': ' || reason)
from dead_letters
group by run_id, code
order by run_id, code;
