srb.lightbox = {};
