-- The order of the labels is the order of comparison: 'table' is better than 'bruised'.
CREATE TYPE kitchen.fruit_grade AS ENUM ('bruised', 'cooking', 'table');

CREATE TYPE kitchen.batch_state AS ENUM ('planned', 'cooking', 'potted', 'discarded');

CREATE TYPE shop.order_status AS ENUM (
    'basket',       -- still being filled; holds no stock
    'placed',       -- stock is taken
    'paid',
    'shipped',
    'cancelled'     -- stock is given back
);
