-- Lets one exclusion constraint compare a number by = and a period by &&.
CREATE EXTENSION IF NOT EXISTS btree_gist;
