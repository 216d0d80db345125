"""Attribution graphs: pruning, measures, exports and the page that draws them. No torch."""
