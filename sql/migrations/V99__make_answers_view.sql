-- Makes, or makes anew, the view of a task's current answers: a line for each document, with the last answer that a
-- night of the task gave it, of whichever version, and a typed column for each property of the output schema. What an
-- answer has of another type than the column is null there, and stands in answer as it is. The names of tenant, task
-- and columns come from users: they are only ever quoted by format(), and never longer than an identifier may be.
-- The view is named like the task, with '_' for '-', and of another tenant than 'default' with the tenant before it.
-- Only jobs may read it from the start. Who else may is granted view by view, by name: a session says itself whose it
-- is (nightjar.tenant), so that a right on all views would be one on all tenants. What was granted and said of a view
-- outlives that it is made anew.
create function make_answers_view(p_tenant text, p_task text, p_columns jsonb, p_made_at timestamptz)
    returns text
    language plpgsql
    security definer
    set search_path = nightjar, public, pg_temp
    set lock_timeout = '5s'     -- somebody may be reading the view that is to be replaced; the night goes on without
as $$
declare
    called text := case when p_tenant = 'default' then '' else p_tenant || '.' end || replace(p_task, '-', '_');
    definition text;
    typed text := '';
    wanted record;
    kept record;
    outlives text[] := '{}';
begin
    -- Without a tenant only an operator makes views, who is one by login, whatever role is set.
    if p_tenant is distinct from current_tenant()
        and not (current_tenant() is null and pg_has_role(session_user, 'nightjar_migration', 'member')) then
        raise insufficient_privilege using message = 'a job makes the views of its own tenant only';
    end if;
    if octet_length(called) > 63 then   -- PostgreSQL would cut it, and two could come to the same
        called := left(called, 12) || '.' || left(encode(sha256(convert_to(called, 'UTF8')), 'hex'), 14);
    end if;
    perform pg_advisory_xact_lock(hashtext('nightjar answers'), hashtext(called));
    insert into answer_views (view_name, tenant, task, columns, made_at)
    values (called, p_tenant, p_task, p_columns, p_made_at)
    on conflict do nothing;
    if not found then
        if not exists (
            select
            from answer_views v
            where v.view_name = called
              and v.tenant = p_tenant
              and v.task = p_task) then
            raise duplicate_table using message = 'another task''s view has this name';
        end if;
        if to_regclass(format('nightjar_answers.%I', called)) is not null
            and exists (select from answer_views v where v.view_name = called and v.columns = p_columns) then
            return format('nightjar_answers.%I', called);
        end if;
        update answer_views
        set columns = p_columns,
            made_at = p_made_at
        where view_name = called;
    end if;
    for wanted in
        select c.value ->> 'name' as name, c.value ->> 'property' as property, c.value ->> 'kind' as kind
        from jsonb_array_elements(p_columns) with ordinality as c (value, position)
        order by c.position
    loop
        typed := typed || case wanted.kind
            when 'text' then format(
                'case when jsonb_typeof(s.answer -> %1$L) = ''string'' then s.answer ->> %1$L end as %2$I, ',
                wanted.property, wanted.name)
            when 'numeric' then format(
                'case when jsonb_typeof(s.answer -> %1$L) = ''number'' then (s.answer ->> %1$L)::numeric end as %2$I, ',
                wanted.property, wanted.name)
            when 'boolean' then format(
                'case when jsonb_typeof(s.answer -> %1$L) = ''boolean'' then (s.answer ->> %1$L)::boolean end as %2$I, ',
                wanted.property, wanted.name)
            else format('s.answer -> %L as %I, ', wanted.property, wanted.name)
        end;
    end loop;
    definition := format(
        $view$
        select
            s.document_id,
            %s
            s.answer,
            s.source_uri,
            s.source_position,
            a.tier,
            a.model,
            s.answered_by,
            s.kept,
            c.actual_usd as cost_usd,
            s.answered_at,
            s.run_id
        from (
            select distinct on (i.document_id)
                i.document_id, i.source_uri, i.source_position, i.answered_by, i.settled_at as answered_at, i.run_id,
                r.answer, r.source_key, r.kept
            from nightjar.namespaces n
            join nightjar.runs o on o.namespace_id = n.namespace_id and o.state <> 'planning'
            join nightjar.items i on i.run_id = o.run_id
            join nightjar.results r on r.run_id = i.run_id and r.document_id = i.document_id
            where n.tenant = %L
              and o.task_name = %L    -- not the version's: two files of one content are one version
            order by i.document_id, i.settled_at desc, i.run_id desc
        ) s
        left join lateral (
            select p.tier, p.model
            from nightjar.attempts p
            where p.item_key = s.source_key
              and p.state = 'succeeded'
            order by p.attempt_number desc
            limit 1
        ) a on true
        left join nightjar.posted_item_costs c on c.run_id = s.run_id and c.document_id = s.document_id
        $view$,
        typed, p_tenant, p_task);
    if to_regclass(format('nightjar_answers.%I', called)) is not null then
        -- Who may read it may read it still. What others have built on it holds it: PostgreSQL says so then.
        for kept in
            select null as column_name, format(
                'grant %s on nightjar_answers.%I to %s%s',
                x.privilege_type, called, case x.grantee when 0 then 'public' else x.grantee::regrole::text end,
                case when x.is_grantable then ' with grant option' else '' end) as command
            from pg_class v
            cross join aclexplode(v.relacl) x
            where v.oid = to_regclass(format('nightjar_answers.%I', called))
              and x.grantee <> v.relowner
            union all
            select a.attname::text, format(
                'grant %s (%I) on nightjar_answers.%I to %s%s',
                x.privilege_type, a.attname, called, case x.grantee when 0 then 'public' else x.grantee::regrole::text end,
                case when x.is_grantable then ' with grant option' else '' end)
            from pg_class v
            join pg_attribute a on a.attrelid = v.oid
            cross join aclexplode(a.attacl) x
            where v.oid = to_regclass(format('nightjar_answers.%I', called))
              and x.grantee <> v.relowner
            union all
            select a.attname::text, case
                when a.attname is null then format('comment on view nightjar_answers.%I is %L', called, d.description)
                else format('comment on column nightjar_answers.%I.%I is %L', called, a.attname, d.description) end
            from pg_description d
            left join pg_attribute a on a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0
            where d.classoid = 'pg_class'::regclass
              and d.objoid = to_regclass(format('nightjar_answers.%I', called))
        loop
            outlives := outlives || array[coalesce(kept.column_name, ''), kept.command];
        end loop;
        execute format('drop view nightjar_answers.%I', called);
    end if;
    execute format('create view nightjar_answers.%I with (security_barrier) as %s', called, definition);
    execute format('alter view nightjar_answers.%I owner to nightjar_reports', called);
    execute format('grant select on nightjar_answers.%I to nightjar_job', called);
    for i in 1 .. cardinality(outlives) / 2 loop
        if outlives[2 * i - 1] = '' or exists (
            select
            from pg_attribute a
            where a.attrelid = to_regclass(format('nightjar_answers.%I', called))
              and a.attname = outlives[2 * i - 1]
              and not a.attisdropped) then
            execute outlives[2 * i];    -- regrole and format have quoted what it names
        end if;
    end loop;
    return format('nightjar_answers.%I', called);
end
$$;

revoke all on function make_answers_view from public;
