CREATE TRIGGER promise_steps_fixed BEFORE UPDATE OR DELETE ON promise_steps FOR EACH ROW
    EXECUTE FUNCTION gridmap_refuse('steps are only ever added')
--;
CREATE TRIGGER promise_steps_no_truncate BEFORE TRUNCATE ON promise_steps FOR EACH STATEMENT
    EXECUTE FUNCTION gridmap_refuse('steps are only ever added')
