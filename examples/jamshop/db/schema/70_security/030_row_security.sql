-- Clerks do not see baskets: a customer's half-made choice is nobody's business.
ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY;

CREATE POLICY clerks_see_orders ON shop.orders
    FOR SELECT TO jamshop_clerk
    USING (status <> 'basket');

CREATE POLICY clerks_move_orders_on ON shop.orders
    FOR UPDATE TO jamshop_clerk
    USING (status IN ('placed', 'paid'))
    WITH CHECK (status IN ('paid', 'shipped', 'cancelled'));
