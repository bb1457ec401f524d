-- Every merge writes its rows once more, as much work as their insert: twice as many parts at a time are a third fewer merges.
ALTER TABLE sluice.facts MODIFY SETTING min_parts_to_merge_at_once = 32;
ALTER TABLE sluice.requests MODIFY SETTING min_parts_to_merge_at_once = 32;
ALTER TABLE sluice.usage MODIFY SETTING min_parts_to_merge_at_once = 32;
ALTER TABLE sluice.admissions MODIFY SETTING min_parts_to_merge_at_once = 32;
