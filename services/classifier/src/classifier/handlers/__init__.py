"""One file per use case. The model is handed in; where it comes from is bootstrap's business."""
