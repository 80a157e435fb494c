-- E-mail addresses are compared without regard to case.
CREATE EXTENSION IF NOT EXISTS citext;
