srb.firstplot = {};
