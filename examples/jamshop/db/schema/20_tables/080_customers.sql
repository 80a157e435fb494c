CREATE TABLE shop.customers (
    customer_id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email         shop.email NOT NULL UNIQUE,
    name          text NOT NULL,
    password_hash text,                     -- bcrypt; NULL: has never set one
    address       shop.postal_address,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
