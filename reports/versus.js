srb.versus = {};
