-- One delivery of one fruit. What has been cooked of it is in kitchen.batch_lots.
CREATE TABLE kitchen.fruit_lots (
    lot_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    grower_id   bigint NOT NULL,
    fruit       text NOT NULL,
    grade       kitchen.fruit_grade NOT NULL,
    received    kitchen.grams NOT NULL,
    picked_on   date NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
);
