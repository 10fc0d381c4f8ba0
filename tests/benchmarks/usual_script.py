"""What people write by hand for `configs/healthy.yaml`: torch.optim, a DataLoader and scikit-learn's loader.

The same network, split share, optimizer, schedule and epochs; it validates once an epoch and prints the two losses.
"""

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def initialize(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    x, y = load_digits(return_X_y=True)
    x_train, x_validation, y_train, y_validation = train_test_split(x, y, test_size=0.2, stratify=y, random_state=0)
    scaler = StandardScaler().fit(x_train)

    def loader(inputs: np.ndarray, targets: np.ndarray, *, shuffle: bool) -> DataLoader[tuple[torch.Tensor, ...]]:
        tensors = torch.tensor(scaler.transform(inputs), dtype=torch.float32), torch.tensor(targets)
        return DataLoader(TensorDataset(*tensors), batch_size=64, shuffle=shuffle)

    training, validation = loader(x_train, y_train, shuffle=True), loader(x_validation, y_validation, shuffle=False)
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    model.apply(initialize)
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=20)
    for epoch in range(20):
        model.train()
        train_loss = 0.0
        for inputs, targets in training:
            optimizer.zero_grad()
            loss = loss_function(model(inputs), targets)
            loss.backward()
            optimizer.step()
            train_loss += loss.item() * len(targets)
        schedule.step()
        model.eval()
        validation_loss, correct = 0.0, 0
        with torch.no_grad():
            for inputs, targets in validation:
                output = model(inputs)
                validation_loss += loss_function(output, targets).item() * len(targets)
                correct += int((output.argmax(1) == targets).sum())
        print(
            f"epoch {epoch + 1}: train {train_loss / len(y_train):.4f}, "
            f"validation {validation_loss / len(y_validation):.4f}, accuracy {correct / len(y_validation):.4f}"
        )


if __name__ == "__main__":
    main()
