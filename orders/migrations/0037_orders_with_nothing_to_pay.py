from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

# The function of `0002_triggers.py`, with the pair that an order with nothing to pay needs.
TRANSITIONS = """
    ('received', 'in_review'), ('received', 'invalid'), ('received', 'cancelling'),
    ('in_review', 'charging'), ('in_review', 'paid'), ('in_review', 'rejected'), ('in_review', 'awaiting_payment'),
    ('in_review', 'cancelling'),
    ('charging', 'paid'), ('charging', 'awaiting_payment'), ('charging', 'cancelling'),
    ('awaiting_payment', 'charging'), ('awaiting_payment', 'in_review'), ('awaiting_payment', 'cancelling'),
    ('paid', 'picking'), ('paid', 'awaiting_payment'), ('paid', 'shipping_failed'), ('paid', 'cancelling'),
    ('picking', 'packed'), ('picking', 'shipping_failed'), ('picking', 'cancelling'),
    ('packed', 'shipped'), ('packed', 'shipping_failed'), ('packed', 'cancelling'),
    ('shipped', 'delivered'), ('shipped', 'shipping_failed'),
    ('shipping_failed', 'picking'), ('shipping_failed', 'cancelling'),
    ('cancelling', 'cancelled')
"""

FUNCTION = """
CREATE OR REPLACE FUNCTION orderlife_order_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'received' THEN
            RAISE EXCEPTION 'an order begins as received, not as %', NEW.status
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSIF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (VALUES {transitions}) THEN
        RAISE EXCEPTION 'an order never goes from % to %', OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""

FORWARD = FUNCTION.replace("{transitions}", TRANSITIONS)
BACKWARD = FUNCTION.replace("{transitions}", TRANSITIONS.replace("('in_review', 'paid'), ", ""))


class Migration(migrations.Migration):
    """An order with nothing to pay goes from its review to `paid`."""

    dependencies = (("orders", "0036_resolved_discrepancies"),)
    operations = (
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.AlterField("order", "payment_method", models.CharField(blank=True, max_length=100)),
        migrations.RemoveConstraint("order", "orders_amounts_not_negative"),
        # Weaker than the one before, so every row satisfies it.
        AddConstraintNotValid(
            "order",
            models.CheckConstraint(
                condition=Q(subtotal__gte=0, shipping__gte=0, tax__gte=0, discount__gte=0, total__gte=0),
                name="orders_amounts_not_negative",
            ),
        ),
    )
