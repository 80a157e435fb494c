CREATE TABLE kitchen.growers (
    grower_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    village    text NOT NULL,
    "organic?" boolean NOT NULL DEFAULT false,
    since      date NOT NULL DEFAULT current_date
);

COMMENT ON COLUMN kitchen.growers."organic?" IS 'Certified; the paper hangs in the office';
