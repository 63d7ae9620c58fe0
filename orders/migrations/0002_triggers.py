"""What the database itself refuses: changed events, unknown transitions, unsettled commands, refunds above the charge.

Every trigger is ENABLE ALWAYS: `session_replication_role = replica` does not walk past it. A TRUNCATE needs a trigger of
its own. The transitions repeat `orders/lifecycle.py`; a test compares the two.
"""

from django.db import migrations

TRANSITIONS = """
    ('received', 'in_review'), ('received', 'invalid'), ('received', 'cancelling'),
    ('in_review', 'charging'), ('in_review', 'rejected'), ('in_review', 'awaiting_payment'), ('in_review', 'cancelling'),
    ('charging', 'paid'), ('charging', 'awaiting_payment'), ('charging', 'cancelling'),
    ('awaiting_payment', 'charging'), ('awaiting_payment', 'in_review'), ('awaiting_payment', 'cancelling'),
    ('paid', 'picking'), ('paid', 'awaiting_payment'), ('paid', 'shipping_failed'), ('paid', 'cancelling'),
    ('picking', 'packed'), ('picking', 'shipping_failed'), ('picking', 'cancelling'),
    ('packed', 'shipped'), ('packed', 'shipping_failed'), ('packed', 'cancelling'),
    ('shipped', 'delivered'), ('shipped', 'shipping_failed'),
    ('shipping_failed', 'picking'), ('shipping_failed', 'cancelling'),
    ('cancelling', 'cancelled')
"""

FORWARD = f"""
CREATE FUNCTION orderlife_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: it is a record of what happened', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION orderlife_refuse();
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION orderlife_refuse();
CREATE TRIGGER orders_no_delete BEFORE DELETE ON orders
    FOR EACH ROW EXECUTE FUNCTION orderlife_refuse();
CREATE TRIGGER orders_no_truncate BEFORE TRUNCATE ON orders
    FOR EACH STATEMENT EXECUTE FUNCTION orderlife_refuse();
CREATE TRIGGER commands_no_delete BEFORE DELETE ON commands
    FOR EACH ROW EXECUTE FUNCTION orderlife_refuse();
CREATE TRIGGER commands_no_truncate BEFORE TRUNCATE ON commands
    FOR EACH STATEMENT EXECUTE FUNCTION orderlife_refuse();

CREATE FUNCTION orderlife_events_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE before text;
BEGIN
    IF NEW.seq = 1 THEN
        before := '';
    ELSE
        SELECT hash INTO before FROM events WHERE order_id = NEW.order_id AND seq = NEW.seq - 1;
    END IF;
    IF before IS NULL OR before <> NEW.prev_hash THEN
        RAISE EXCEPTION 'event % of order % does not follow the one before', NEW.seq, NEW.order_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER events_chain BEFORE INSERT ON events
    FOR EACH ROW EXECUTE FUNCTION orderlife_events_chain();

CREATE FUNCTION orderlife_order_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'received' THEN
            RAISE EXCEPTION 'an order begins as received, not as %', NEW.status
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSIF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (VALUES {TRANSITIONS}) THEN
        RAISE EXCEPTION 'an order never goes from % to %', OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orders_status BEFORE INSERT OR UPDATE ON orders
    FOR EACH ROW EXECUTE FUNCTION orderlife_order_status();

CREATE FUNCTION orderlife_command_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state IN ('applied', 'rejected') AND ROW(NEW.state, NEW.outcome, NEW.kind, NEW.order_id, NEW.seq)
            IS DISTINCT FROM ROW(OLD.state, OLD.outcome, OLD.kind, OLD.order_id, OLD.seq) THEN
        RAISE EXCEPTION 'command % is settled: %', OLD.id, OLD.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER commands_settled BEFORE UPDATE ON commands
    FOR EACH ROW EXECUTE FUNCTION orderlife_command_settled();

CREATE FUNCTION orderlife_command_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('orderlife_commands', '');
    RETURN NULL;
END $$;
CREATE TRIGGER commands_notify AFTER INSERT ON commands
    FOR EACH ROW WHEN (NEW.state = 'pending') EXECUTE FUNCTION orderlife_command_notify();

CREATE FUNCTION orderlife_refunds_within_capture() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE charged bigint; promised bigint;
BEGIN
    SELECT amount INTO charged FROM payments
        WHERE id = NEW.payment_id AND state IN ('captured', 'cancelled') FOR UPDATE;
    SELECT coalesce(sum(amount), 0) INTO promised FROM refunds
        WHERE payment_id = NEW.payment_id AND state <> 'failed' AND id <> NEW.id;
    IF NEW.state <> 'failed' AND (charged IS NULL OR promised + NEW.amount > charged) THEN
        RAISE EXCEPTION 'refunds of payment % would exceed what was captured', NEW.payment_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refunds_within_capture BEFORE INSERT OR UPDATE ON refunds
    FOR EACH ROW EXECUTE FUNCTION orderlife_refunds_within_capture();

ALTER TABLE events ENABLE ALWAYS TRIGGER events_append_only;
ALTER TABLE events ENABLE ALWAYS TRIGGER events_no_truncate;
ALTER TABLE events ENABLE ALWAYS TRIGGER events_chain;
ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_no_delete;
ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_no_truncate;
ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_status;
ALTER TABLE commands ENABLE ALWAYS TRIGGER commands_no_delete;
ALTER TABLE commands ENABLE ALWAYS TRIGGER commands_no_truncate;
ALTER TABLE commands ENABLE ALWAYS TRIGGER commands_settled;
ALTER TABLE commands ENABLE ALWAYS TRIGGER commands_notify;
ALTER TABLE refunds ENABLE ALWAYS TRIGGER refunds_within_capture;
"""

BACKWARD = """
DROP FUNCTION orderlife_refuse, orderlife_events_chain, orderlife_order_status, orderlife_command_settled,
    orderlife_command_notify, orderlife_refunds_within_capture CASCADE;
"""


class Migration(migrations.Migration):
    """Plain SQL, so that psql shows what is refused and why."""

    dependencies = (("orders", "0001_schema"),)
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
