srb.chooser = {};
