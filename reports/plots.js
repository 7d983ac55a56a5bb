srb.plots = {};
