srb.drawer = {};
