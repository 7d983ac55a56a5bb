srb.hero = {};
