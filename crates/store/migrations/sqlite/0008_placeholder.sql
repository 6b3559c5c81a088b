-- Keeps the sequence unbroken until the step of this number comes.
SELECT 1;
