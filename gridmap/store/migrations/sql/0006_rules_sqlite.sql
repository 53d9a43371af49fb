CREATE TRIGGER promise_steps_no_update BEFORE UPDATE ON promise_steps
BEGIN
    SELECT RAISE(ABORT, 'gridmap:history_is_fixed: steps are only ever added');
END
--;
CREATE TRIGGER promise_steps_no_delete BEFORE DELETE ON promise_steps
BEGIN
    SELECT RAISE(ABORT, 'gridmap:history_is_fixed: steps are only ever added');
END
