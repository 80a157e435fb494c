-- crypt() and gen_salt(), for passwords. gen_random_uuid() is PostgreSQL's own since version 13.
CREATE EXTENSION IF NOT EXISTS pgcrypto;
