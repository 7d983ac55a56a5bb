srb.table = {};
