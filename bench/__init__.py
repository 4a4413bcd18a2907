"""Speed and weight of the fronts and the queue, as ratios within one run.  Run: make bench"""
