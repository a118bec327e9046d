"""The audit log is chained, and refuses to be changed.

While the rows that are there are chained (thousands a second), writers of the log wait; readers
do not. What holds while the release before runs on it: its entries are added and chained, its acts
go on. It may fail only to write what it must not: it cannot close an entry any more, which it says
in its log; such an entry stays "started". A form that was sent to one release is known to the other.
"""

from django.db import migrations, models

#: One row of either table as the text that is hashed; `console/audit/chain.py` spells it out. Not
#: in SQL, of which PostgreSQL makes a new plan for each row.
TEXT = """
CREATE FUNCTION console_audit_field(name text, value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN
    CASE WHEN value IS NULL THEN ''
    ELSE name || ' ' || octet_length(convert_to(value, 'UTF8')) || ':' || value || E'\\n' END;
END $$;

CREATE FUNCTION console_audit_moment(moment timestamptz) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN
    to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
END $$;

CREATE FUNCTION console_audit_text(one console_auditentry) RETURNS text
LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN
    console_audit_field('table', 'entry')
        || console_audit_field('position', one.position::text)
        || console_audit_field('previous', one.previous)
        || console_audit_field('id', one.id::text)
        || console_audit_field('at', console_audit_moment(one.at))
        || console_audit_field('user_id', one.user_id::text)
        || console_audit_field('username', one.username)
        || console_audit_field('address', one.address)
        || console_audit_field('request_id', one.request_id)
        || console_audit_field('system', one.system)
        || console_audit_field('action', one.action)
        || console_audit_field('target', one.target)
        || console_audit_field('parameters', one.parameters::text)
        || console_audit_field('reason', one.reason)
        || console_audit_field('outcome', one.outcome)
        || console_audit_field('detail', one.detail)
        || console_audit_field('completed_at', console_audit_moment(one.completed_at))
        || console_audit_field('form_id', one.form_id::text);
END $$;

CREATE FUNCTION console_audit_text(one console_auditending) RETURNS text
LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN
    console_audit_field('table', 'ending')
        || console_audit_field('position', one.position::text)
        || console_audit_field('previous', one.previous)
        || console_audit_field('id', one.id::text)
        || console_audit_field('at', console_audit_moment(one.at))
        || console_audit_field('entry_id', one.entry_id::text)
        || console_audit_field('outcome', one.outcome)
        || console_audit_field('detail', one.detail)
        || console_audit_field('changed', one.changed::text);
END $$;
"""

#: The lock makes one order of all rows, and a row is hashed as it is stored, by whom it is stored.
CHAIN = """
CREATE FUNCTION console_audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    head record;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'the audit log is written in READ COMMITTED transactions alone';
    END IF;
    PERFORM pg_advisory_xact_lock(7270926011873);
    SELECT one.position, one.hash INTO head FROM (
        (SELECT position, hash FROM console_auditentry ORDER BY position DESC LIMIT 1)
        UNION ALL
        (SELECT position, hash FROM console_auditending ORDER BY position DESC LIMIT 1)
    ) AS one ORDER BY one.position DESC LIMIT 1;
    NEW.position := coalesce(head.position, 0) + 1;
    NEW.previous := coalesce(head.hash, repeat('0', 64));
    NEW.at := clock_timestamp();
    IF TG_TABLE_NAME = 'console_auditentry' THEN
        NEW.completed_at := CASE WHEN NEW.outcome <> 'started' THEN NEW.at END;
    END IF;
    NEW.hash := encode(sha256(convert_to(console_audit_text(NEW), 'UTF8')), 'hex');
    RETURN NEW;
END
$$;

CREATE FUNCTION console_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

-- A form that is sent to the release before is known to this one, and the other way round.
CREATE FUNCTION console_audit_form() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO console_auditform (form_id, entry_id) VALUES (NEW.form_id, NEW.id);
    RETURN NULL;
END
$$;

-- They find their tables whatever the search path of a session is, and no temporary one instead.
DO $$
DECLARE
    one regprocedure;
BEGIN
    FOR one IN SELECT oid FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace
        AND proname IN ('console_audit_chain', 'console_audit_refuse', 'console_audit_form')
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', one, current_schema());
        EXECUTE format('ALTER FUNCTION %s SET lock_timeout = %L', one, '10s');
        -- A session that met the tables while they were small would go on without the index.
        EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', one);
        EXECUTE format('ALTER FUNCTION %s SET enable_sort = off', one);
    END LOOP;
END
$$;
"""

BACKFILL = """
LOCK TABLE console_auditentry, console_auditending IN SHARE ROW EXCLUSIVE MODE;
DO $$
DECLARE
    one console_auditentry;
    last text := repeat('0', 64);
    number bigint := 0;
BEGIN
    FOR one IN SELECT * FROM console_auditentry ORDER BY id LOOP
        number := number + 1;
        one.position := number;
        one.previous := last;
        last := encode(sha256(convert_to(console_audit_text(one), 'UTF8')), 'hex');
        UPDATE console_auditentry SET position = number, previous = one.previous, hash = last
        WHERE id = one.id;
    END LOOP;
END
$$;
INSERT INTO console_auditform (form_id, entry_id)
SELECT form_id, id FROM console_auditentry
WHERE form_id IS NOT NULL AND outcome IN ('started', 'done', 'unknown');
"""

TRIGGERS = "\n".join(
    f"""
CREATE TRIGGER console_audit_chain BEFORE INSERT ON {table}
    FOR EACH ROW EXECUTE FUNCTION console_audit_chain();
CREATE TRIGGER console_audit_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION console_audit_refuse();
"""
    for table in ("console_auditentry", "console_auditending")
)
FORMS = """
CREATE TRIGGER console_audit_form AFTER INSERT ON console_auditentry
    FOR EACH ROW WHEN (NEW.form_id IS NOT NULL) EXECUTE FUNCTION console_audit_form();
"""
BACK = """
DROP FUNCTION console_audit_chain CASCADE;
DROP FUNCTION console_audit_refuse CASCADE;
DROP FUNCTION console_audit_form CASCADE;
DROP FUNCTION console_audit_text(console_auditentry);
DROP FUNCTION console_audit_text(console_auditending);
DROP FUNCTION console_audit_field;
DROP FUNCTION console_audit_moment;
"""


class Migration(migrations.Migration):
    dependencies = [("console", "0007_audit_rows")]

    operations = [
        migrations.RunSQL(TEXT + CHAIN, BACK),
        migrations.RunSQL(BACKFILL, "DELETE FROM console_auditform"),
        migrations.AddConstraint(
            "auditentry",
            models.UniqueConstraint(fields=("position",), name="audit_entry_position"),
        ),
        migrations.RunSQL(TRIGGERS + FORMS, migrations.RunSQL.noop),
    ]
