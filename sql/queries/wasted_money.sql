-- What was paid for nothing: by why an attempt failed, and by output that is in no answer?
select
    'failed attempts: ' || failure_code as what,
    task,
    tier,
    sum(total_usd) as usd
from failed_spend
group by failure_code, task, tier
having sum(total_usd) > 0
union all
select
    'output in no answer',
    task,
    tier,
    sum(wasted_usd)
from output_waste
group by task, tier
having sum(wasted_usd) > 0
order by usd desc;
