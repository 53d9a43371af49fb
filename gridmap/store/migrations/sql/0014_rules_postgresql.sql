-- One drawing at any moment; what was said of a plan stays.

ALTER TABLE drawings ADD CONSTRAINT ex_drawings_days
    EXCLUDE USING gist (daterange(valid_from, valid_to, '[)') WITH &&)
--;
CREATE TRIGGER plan_comments_fixed BEFORE UPDATE OR DELETE ON plan_comments FOR EACH ROW
    EXECUTE FUNCTION gridmap_refuse('comments are only ever added')
--;
CREATE TRIGGER plan_comments_no_truncate BEFORE TRUNCATE ON plan_comments FOR EACH STATEMENT
    EXECUTE FUNCTION gridmap_refuse('comments are only ever added')
